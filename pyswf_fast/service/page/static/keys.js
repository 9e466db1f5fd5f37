// Keys: one table for each view, shown by `?`. No key works while somebody types.

const dialog = document.getElementById("keys");
const list = document.getElementById("keys-list");
let tables = [];

/** Make the tables those that count: `[{title, keys: [[key or keys, what it does, action]]}]`. */
export function useKeys(...used) {
  tables = used.filter((table) => table !== undefined);
}

/** Show all keys that work now. */
export function showKeys() {
  list.replaceChildren(
    ...tables.map(({ title, keys }) => {
      const section = document.createElement("section");
      const heading = document.createElement("h3");
      heading.textContent = title;
      const lines = document.createElement("dl");
      for (const [names, what] of keys) {
        const term = document.createElement("dt");
        for (const name of [names].flat()) {
          const key = document.createElement("kbd");
          key.textContent = SHOWN[name] || name;
          term.append(key, " ");
        }
        const meaning = document.createElement("dd");
        meaning.textContent = what;
        lines.append(term, meaning);
      }
      section.append(heading, lines);
      return section;
    }),
  );
  dialog.showModal();
}

const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

function isTyping(element) {
  return element instanceof HTMLElement && element.matches("input, select, textarea");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") {
      event.preventDefault(); // which would empty a search
      event.target.blur();
    }
    return;
  }
  for (const { keys } of tables) {
    const found = keys.find(([names, , action]) => action && [names].flat().includes(event.key));
    if (found) {
      event.preventDefault();
      found[2](event.key);
      return;
    }
  }
});
document.getElementById("help").addEventListener("click", showKeys);
