// Elements are made here, and text goes into them as text: nothing on this page parses HTML.

/** An element: `h("a", {href: "/", class: "x", onclick: f}, "text", child, null)`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Put children in the place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** The address that shows what `params` name; empty ones are left out. */
export function address(params) {
  const given = Object.entries(params).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  return given.length ? `/?${new URLSearchParams(given)}` : "/";
}

/** A link inside the page. */
export function link(params, ...children) {
  return h("a", { href: address(params) }, ...children);
}

/** A text with a button that copies it. */
export function copyable(text, label) {
  const button = h(
    "button",
    { type: "button", class: "copy", "aria-label": `copy ${label}`, title: `Copy ${label}` },
    "copy",
  );
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
    setTimeout(() => {
      button.textContent = "copy";
    }, 1200);
  });
  return button;
}
