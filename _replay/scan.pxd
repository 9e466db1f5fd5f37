"""JSON bytes to spans: inline, nogil, no objects.

A scanner takes the scan and the position of the first byte of what it reads and returns the position behind
it, or -1 with what it expected, and where, noted in the scan. No byte is read before its position is compared
with `end`. Escapes and UTF-8 within strings are checked when somebody reads the string (text.pyx).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp

cdef extern from *:
    """
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    /* Position of the quote that ends a string, or of the control character that may not stand in one, or `end`.
       *escaped is set when a backslash was passed. */
    static inline Py_ssize_t pyswf_string_end(const char *buf, Py_ssize_t pos, Py_ssize_t end, int *escaped) {
        for (;;) {
    #if defined(__SSE2__)
            const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\\\'), control = _mm_set1_epi8(0x1f);
            int found = 0;
            while (end - pos >= 16) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)(buf + pos));
                __m128i special = _mm_or_si128(
                    _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)),
                    _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
                int mask = _mm_movemask_epi8(special);
                if (mask) {
                    pos += __builtin_ctz((unsigned)mask);
                    found = 1;
                    break;
                }
                pos += 16;
            }
            if (!found)
    #endif
            while (pos < end && buf[pos] != '"' && buf[pos] != '\\\\' && (unsigned char)buf[pos] >= 0x20) pos++;
            if (pos >= end || buf[pos] != '\\\\') return pos;
            *escaped = 1;
            if (end - pos < 2) return end;
            pos += 2;
        }
    }

    /* Copy up to the first backslash; how many bytes that was. `out` has room for `length` bytes. */
    static inline Py_ssize_t pyswf_copy_plain(char *out, const char *text, Py_ssize_t length) {
        Py_ssize_t pos = 0;
    #if defined(__SSE2__)
        const __m128i slash = _mm_set1_epi8('\\\\');
        while (length - pos >= 16) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(text + pos));
            int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, slash));
            _mm_storeu_si128((__m128i *)(out + pos), bytes);
            if (mask) return pos + __builtin_ctz((unsigned)mask);
            pos += 16;
        }
    #endif
        while (pos < length && text[pos] != '\\\\') {
            out[pos] = text[pos];
            pos++;
        }
        return pos;
    }
    """
    Py_ssize_t pyswf_copy_plain(char* out, const char* text, Py_ssize_t length) noexcept nogil
    Py_ssize_t pyswf_string_end(const char* buf, Py_ssize_t pos, Py_ssize_t end, int* escaped) noexcept nogil


cdef enum:
    DEEPEST = 64  # nested values below one event; SWF's own go 3 deep


cdef struct Scan:
    const char* buf
    Py_ssize_t end
    const char* expected  # what was not found
    Py_ssize_t at         # and where


cdef struct Span:
    Py_ssize_t start
    Py_ssize_t length
    int escaped


cdef inline Py_ssize_t expect(Scan* scan, Py_ssize_t pos, const char* expected) noexcept nogil:
    scan.expected = expected
    scan.at = pos
    return -1


cdef inline Py_ssize_t skip_space(Scan* scan, Py_ssize_t pos) noexcept nogil:
    if pos < scan.end and <unsigned char>scan.buf[pos] > c" ":
        return pos  # as nearly always: SWF writes none
    while pos < scan.end and (
        scan.buf[pos] == c" " or scan.buf[pos] == c"\n" or scan.buf[pos] == c"\r" or scan.buf[pos] == c"\t"
    ):
        pos += 1
    return pos


cdef inline bint stands(Scan* scan, Py_ssize_t pos, char byte) noexcept nogil:
    return pos < scan.end and scan.buf[pos] == byte


cdef inline Py_ssize_t scan_string(Scan* scan, Py_ssize_t pos, Span* span) noexcept nogil:
    cdef Py_ssize_t close
    span.start = pos + 1
    span.length = 0
    span.escaped = 0
    if not stands(scan, pos, c'"'):
        return expect(scan, pos, b"a string")
    close = pyswf_string_end(scan.buf, pos + 1, scan.end, &span.escaped)
    if close >= scan.end:
        return expect(scan, close, b"the end of a string")
    if scan.buf[close] != c'"':
        return expect(scan, close, b"no control character in a string")
    span.length = close - span.start
    return close + 1


cdef inline Py_ssize_t scan_key(Scan* scan, Py_ssize_t pos, Span* key) noexcept nogil:
    """A member's name and the colon behind it; returns where its value begins."""
    pos = scan_string(scan, pos, key)
    if pos < 0:
        return -1
    pos = skip_space(scan, pos)
    if not stands(scan, pos, c":"):
        return expect(scan, pos, b"':'")
    return skip_space(scan, pos + 1)


cdef inline Py_ssize_t scan_id(Scan* scan, Py_ssize_t pos, int64_t* number) noexcept nogil:
    """An event id: a plain JSON integer from 0, of at most ten digits."""
    cdef Py_ssize_t first = pos
    cdef int64_t total = 0
    while pos < scan.end and c"0" <= scan.buf[pos] <= c"9" and pos - first < 11:
        total = total * 10 + (scan.buf[pos] - c"0")
        pos += 1
    if pos == first or pos - first > 10 or (pos - first > 1 and scan.buf[first] == c"0"):
        return expect(scan, first, b"an event id")
    if pos < scan.end and (scan.buf[pos] == c"." or scan.buf[pos] == c"e" or scan.buf[pos] == c"E"):
        return expect(scan, first, b"an event id")
    number[0] = total
    return pos


cdef inline Py_ssize_t skip_digits(Scan* scan, Py_ssize_t pos) noexcept nogil:
    cdef Py_ssize_t first = pos
    while pos < scan.end and c"0" <= scan.buf[pos] <= c"9":
        pos += 1
    if pos == first:
        return expect(scan, pos, b"a digit")
    return pos


cdef inline Py_ssize_t skip_number(Scan* scan, Py_ssize_t pos) noexcept nogil:
    if stands(scan, pos, c"-"):
        pos += 1
    if stands(scan, pos, c"0"):
        pos += 1
    else:
        pos = skip_digits(scan, pos)
        if pos < 0:
            return -1
    if stands(scan, pos, c"."):
        pos = skip_digits(scan, pos + 1)
        if pos < 0:
            return -1
    if stands(scan, pos, c"e") or stands(scan, pos, c"E"):
        pos += 1
        if stands(scan, pos, c"+") or stands(scan, pos, c"-"):
            pos += 1
        pos = skip_digits(scan, pos)
    return pos


cdef inline Py_ssize_t skip_word(Scan* scan, Py_ssize_t pos, const char* word, Py_ssize_t length) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(length):
        if not stands(scan, pos + i, word[i]):
            return expect(scan, pos, b"a value")
    return pos + length


cdef inline Py_ssize_t skip_scalar(Scan* scan, Py_ssize_t pos) noexcept nogil:
    cdef Span ignored
    if pos >= scan.end:
        return expect(scan, pos, b"a value")
    if scan.buf[pos] == c'"':
        return scan_string(scan, pos, &ignored)
    if scan.buf[pos] == c"t":
        return skip_word(scan, pos, b"true", 4)
    if scan.buf[pos] == c"f":
        return skip_word(scan, pos, b"false", 5)
    if scan.buf[pos] == c"n":
        return skip_word(scan, pos, b"null", 4)
    if scan.buf[pos] == c"-" or c"0" <= scan.buf[pos] <= c"9":
        return skip_number(scan, pos)
    return expect(scan, pos, b"a value")


cdef inline Py_ssize_t skip_nested(Scan* scan, Py_ssize_t pos) noexcept nogil:
    """An object or array; which of the two each open bracket is, is one bit in `objects`."""
    cdef uint64_t objects = 0
    cdef int depth = 0
    cdef Span key
    while True:
        # A value begins here.
        if stands(scan, pos, c"{") or stands(scan, pos, c"["):
            if depth == DEEPEST:
                return expect(scan, pos, b"values nested less deeply")
            objects = (objects << 1) | <uint64_t>(scan.buf[pos] == c"{")
            depth += 1
            pos = skip_space(scan, pos + 1)
            if stands(scan, pos, c"}" if objects & 1 else c"]"):
                pos += 1
                objects >>= 1
                depth -= 1
            else:
                if objects & 1:
                    pos = scan_key(scan, pos, &key)
                    if pos < 0:
                        return -1
                continue
        else:
            pos = skip_scalar(scan, pos)
            if pos < 0:
                return -1
        # A value ended here: close what ends with it.
        while depth:
            pos = skip_space(scan, pos)
            if stands(scan, pos, c","):
                pos = skip_space(scan, pos + 1)
                if objects & 1:
                    pos = scan_key(scan, pos, &key)
                    if pos < 0:
                        return -1
                break
            if not stands(scan, pos, c"}" if objects & 1 else c"]"):
                return expect(scan, pos, b"',' or '}'" if objects & 1 else b"',' or ']'")
            pos += 1
            objects >>= 1
            depth -= 1
        if depth == 0:
            return pos


cdef inline Py_ssize_t skip_value(Scan* scan, Py_ssize_t pos) noexcept nogil:
    if stands(scan, pos, c"{") or stands(scan, pos, c"["):
        return skip_nested(scan, pos)
    return skip_scalar(scan, pos)


cdef inline Py_ssize_t scan_known_key(Scan* scan, Py_ssize_t pos, Span* key) noexcept nogil:
    """A member's name where names mean something: SWF writes them without escapes."""
    pos = scan_key(scan, pos, key)
    if pos >= 0 and key.escaped:
        return expect(scan, key.start, b"a member name without escapes")
    return pos


cdef inline Py_ssize_t next_member(Scan* scan, Py_ssize_t pos, Span* key, bint* more) noexcept nogil:
    """Behind a value within an object: on to the next member's value, or past the brace (`more` is then 0)."""
    pos = skip_space(scan, pos)
    more[0] = stands(scan, pos, c",")
    if more[0]:
        return scan_known_key(scan, skip_space(scan, pos + 1), key)
    if not stands(scan, pos, c"}"):
        return expect(scan, pos, b"',' or '}'")
    return pos + 1


cdef inline Py_ssize_t first_member(Scan* scan, Py_ssize_t pos, Span* key, bint* more) noexcept nogil:
    """At a brace: on to the first member's value, or past an empty object (`more` is then 0)."""
    key.start = key.length = 0
    more[0] = False
    if not stands(scan, pos, c"{"):
        return expect(scan, pos, b"an object")
    pos = skip_space(scan, pos + 1)
    more[0] = not stands(scan, pos, c"}")
    if more[0]:
        return scan_known_key(scan, pos, key)
    return pos + 1


cdef inline bint key_is(Scan* scan, Span* key, const char* name, Py_ssize_t length) noexcept nogil:
    return key.length == length and memcmp(scan.buf + key.start, name, length) == 0


cdef inline bint is_null(Scan* scan, Py_ssize_t pos) noexcept nogil:
    return stands(scan, pos, c"n")
