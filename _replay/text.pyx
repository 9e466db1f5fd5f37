"""Spans of a page to text and values: the only place where escapes and UTF-8 are looked at."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeUTF8
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc

import json

import orjson

cdef object _loads = orjson.loads


cdef object broken_string(Py_ssize_t offset):
    return HistoryFormatError("a string with a broken escape or broken UTF-8", offset=offset)


cdef int hex_digits(const char* at) noexcept nogil:
    """Four hex digits, or -1."""
    cdef int i, value = 0
    cdef char digit
    for i in range(4):
        digit = at[i]
        if c"0" <= digit <= c"9":
            value = value * 16 + (digit - c"0")
        elif c"a" <= digit <= c"f":
            value = value * 16 + (digit - c"a") + 10
        elif c"A" <= digit <= c"F":
            value = value * 16 + (digit - c"A") + 10
        else:
            return -1
    return value


cdef Py_ssize_t put_utf8(int code, char* out) noexcept nogil:
    """UTF-8 of a code point; a lone surrogate in the same form, for the `surrogatepass` handler."""
    if code < 0x80:
        out[0] = <char>code
        return 1
    if code < 0x800:
        out[0] = <char>(0xC0 | (code >> 6))
        out[1] = <char>(0x80 | (code & 0x3F))
        return 2
    if code < 0x10000:
        out[0] = <char>(0xE0 | (code >> 12))
        out[1] = <char>(0x80 | ((code >> 6) & 0x3F))
        out[2] = <char>(0x80 | (code & 0x3F))
        return 3
    out[0] = <char>(0xF0 | (code >> 18))
    out[1] = <char>(0x80 | ((code >> 12) & 0x3F))
    out[2] = <char>(0x80 | ((code >> 6) & 0x3F))
    out[3] = <char>(0x80 | (code & 0x3F))
    return 4


cdef int plain_escape(char letter) noexcept nogil:
    if letter == c'"' or letter == c"\\" or letter == c"/":
        return letter
    if letter == c"n":
        return 10
    if letter == c"t":
        return 9
    if letter == c"r":
        return 13
    if letter == c"b":
        return 8
    if letter == c"f":
        return 12
    return -1


cdef Py_ssize_t unescape(const char* text, Py_ssize_t length, char* out) noexcept nogil:
    """Writes at most `length` bytes; the number written, or -1 - offset of the broken escape."""
    cdef Py_ssize_t pos = 0, written = 0, run
    cdef int code, low
    while pos < length:
        run = pyswf_copy_plain(out + written, text + pos, length - pos)
        written += run
        pos += run
        if pos >= length:
            break
        if length - pos < 2:
            return -1 - pos
        if text[pos + 1] != c"u":
            code = plain_escape(text[pos + 1])
            if code < 0:
                return -1 - pos
            out[written] = <char>code
            written += 1
            pos += 2
            continue
        if length - pos < 6:
            return -1 - pos
        code = hex_digits(text + pos + 2)
        if code < 0:
            return -1 - pos
        pos += 6
        if 0xD800 <= code < 0xDC00 and length - pos >= 6 and text[pos] == c"\\" and text[pos + 1] == c"u":
            low = hex_digits(text + pos + 2)
            if 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                pos += 6
        written += put_utf8(code, out + written)
    return written


cdef Py_ssize_t put_decimal(char* out, int32_t number) noexcept nogil:
    """Write a positive number; how many digits it has."""
    cdef Py_ssize_t length = 1, place
    cdef int32_t rest = number
    while rest >= 10:
        rest //= 10
        length += 1
    for place in range(length - 1, -1, -1):
        out[place] = <char>(c"0" + number % 10)
        number //= 10
    return length


cdef bytes raw_text(bytes body, Py_ssize_t start, Py_ssize_t length, bint escaped):
    """The UTF-8 of a string (lone surrogates in the same form)."""
    cdef const char* buf = PyBytes_AS_STRING(body)
    cdef char* out
    cdef char[1024] near
    near[0] = 0
    cdef Py_ssize_t written
    if not escaped:
        return PyBytes_FromStringAndSize(buf + start, length)
    out = &near[0] if length <= 1024 else <char*>PyMem_RawMalloc(length)
    if out == NULL:
        raise MemoryError
    try:
        written = unescape(buf + start, length, out)
        if written < 0:
            raise broken_string(start - 1 - written)
        return PyBytes_FromStringAndSize(out, written)
    finally:
        if out != &near[0]:
            PyMem_RawFree(out)


cdef str text_of(bytes body, Py_ssize_t start, Py_ssize_t length, bint escaped):
    cdef bytes out
    try:
        if not escaped:
            return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(body) + start, length, NULL)
        out = raw_text(body, start, length, True)
        return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(out), len(out), b"surrogatepass")
    except UnicodeDecodeError as error:
        raise broken_string(start + error.start) from None


cdef bint may_exceed_64_bits(const char* text, Py_ssize_t length) noexcept nogil:
    """Whether 19 digits stand in a row: orjson turns an integer beyond 64 bits into a float."""
    cdef Py_ssize_t pos = 18, back
    while pos < length:
        # From the last byte of a window of 19 backwards: one non-digit lets the whole window pass.
        back = 0
        while back < 19 and c"0" <= text[pos - back] <= c"9":
            back += 1
        if back == 19:
            return True
        pos += 19 - back
    return False


cdef object json_value(bytes text):
    """The value of JSON text, also of what orjson refuses (NaN, lone surrogates) or would change (long integers)."""
    if not may_exceed_64_bits(PyBytes_AS_STRING(text), len(text)):
        try:
            return _loads(text)
        except ValueError:
            pass
    return json.loads(text.decode("utf-8", "surrogatepass"))


cdef dict json_object(bytes body, Py_ssize_t start, Py_ssize_t end):
    """One event as a dict; what the scan left unchecked (escapes, UTF-8) is checked here."""
    try:
        return json_value(body[start:end])
    except (ValueError, RecursionError) as error:
        raise HistoryFormatError(f"an event that is no JSON: {error}", offset=start) from None
