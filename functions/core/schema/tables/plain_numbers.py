"""Numbers as most tables have them, read from their bytes: a sign, up to 16 digits and a point."""

import numpy as np
import numpy.typing as npt

from functions.core.schema.text.spans import KEY, Cells, Indices, Mask, Words

Floats = npt.NDArray[np.float64]

_LONGEST = 2 * KEY
# Beyond, not every whole number is a float64.
_EXACT = np.uint64(2**53)
_POWERS = 10.0 ** np.arange(_LONGEST + 1)
_WHOLE_POWERS = np.array([10**power for power in range(KEY + 1)], dtype=np.uint64)


def _repeat(byte: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([byte]) * KEY))


_ONES, _HIGHS, _POINTS, _ZEROS = _repeat(0x01), _repeat(0x80), _repeat(ord(".")), _repeat(ord("0"))
_SIXES, _UPPER = _repeat(0x06), _repeat(0xF0)
_EIGHT, _SIXTEEN, _THIRTY_TWO = np.uint64(8), np.uint64(16), np.uint64(32)
_PAIRS = np.uint64(0x000000FF000000FF)
_OF_LOW, _OF_HIGH = np.uint64(100 + (1_000_000 << 32)), np.uint64(1 + (10_000 << 32))
_TEN = np.uint64(10)


def read_plain_numbers(cells: Cells) -> tuple[Floats, Mask]:
    """What `float` makes of the cells, float64 [N], and which of them were read, bool [N]."""
    sizes = cells.sizes
    whole = slice(None)
    is_negative = cells.spans.content[cells.starts] == ord("-")
    signed = bool(is_negative.any())
    if signed:
        cells = Cells(cells.spans, cells.starts + is_negative, cells.ends, None, None)
        sizes = cells.sizes
    number, digits, fraction, is_number = _read_key(cells.keys(whole), np.clip(sizes, 0, KEY))
    is_number &= (digits > 0) & (sizes <= KEY)
    longer = np.flatnonzero((sizes > KEY) & (sizes <= _LONGEST))
    values = number / _POWERS[fraction]
    if len(longer):
        values[longer], is_number[longer] = _read_long(cells, longer)
    # A cell that is empty may stand before a sign, and is none.
    is_number &= sizes > 0
    return np.where(is_negative, -values, values) if signed else values, is_number


def _read_long(cells: Cells, rows: Indices) -> tuple[Floats, Mask]:
    """Numbers of 9 to 16 bytes, read as two of up to 8."""
    first, first_digits, first_fraction, first_is = _read_key(
        cells.keys(rows), np.full(len(rows), KEY, dtype=np.intp)
    )
    sizes = cells.ends[rows] - cells.starts[rows] - KEY
    last, last_digits, last_fraction, last_is = _read_key(cells.keys(rows, offset=KEY), sizes)
    # The point stands in one of them, or in none.
    in_first, in_last = first_digits < KEY, last_digits < sizes
    number = first * _WHOLE_POWERS[last_digits] + last
    fraction = np.where(in_first, first_fraction + last_digits, last_fraction)
    is_number = first_is & last_is & ~(in_first & in_last) & (number <= _EXACT)
    return number / _POWERS[fraction], is_number


def _read_key(keys: Words, sizes: Indices) -> tuple[Words, Indices, Indices, Mask]:
    """Of bytes that are digits with at most one point: the number that the digits make, how many they are,
    how many stand behind the point; and whether the bytes are such.

    All eight bytes of a key are handled at once: Lemire, "Quickly parsing eight digits" (2018).
    """
    # The lowest byte that is a point: subtracting borrows only from what stands above it.
    differs = keys ^ _POINTS
    point_bit = (differs - _ONES) & ~differs & _HIGHS
    has_point = point_bit != 0
    below = (point_bit & (~point_bit + np.uint64(1))) - np.uint64(1)
    # 8 p + 7 bits are below the highest bit of byte p; without a point, all 64.
    place = np.bitwise_count(below).astype(np.intp) // KEY
    low = below >> np.uint64(7)
    low = np.where(has_point, low, ~np.uint64(0))
    digits = np.where(has_point, (keys & low) | ((keys >> _EIGHT) & ~low), keys)
    count: Indices = sizes - has_point.astype(np.intp)
    shift = (KEY - count).astype(np.uint64) * _EIGHT
    # By 64 bits nothing can be shifted; there are no digits then.
    shift = np.where(count > 0, shift, np.uint64(0))
    padding = _ZEROS & ((np.uint64(1) << shift) - np.uint64(1))
    digits = (digits << shift) | padding
    is_number = ((digits & _UPPER) == _ZEROS) & (((digits + _SIXES) & _UPPER) == _ZEROS)
    value: Words = digits - _ZEROS
    value = value * _TEN + (value >> _EIGHT)
    value = ((value & _PAIRS) * _OF_LOW + ((value >> _SIXTEEN) & _PAIRS) * _OF_HIGH) >> _THIRTY_TWO
    fraction = np.where(has_point, count - place, 0)
    is_number &= count > 0
    return value, np.clip(count, 0, KEY), np.clip(fraction, 0, KEY), is_number
