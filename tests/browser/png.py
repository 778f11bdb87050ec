"""Small PNG files of screenshots: 256 colours are enough for a page, and a third of the bytes."""

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser

_COLOURS = 256
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chromium reads its own picture: nothing else here would have to know all kinds of PNG.
_READ = """async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, image.width, image.height).data;
    const parts = [];
    for (let at = 0; at < pixels.length; at += 32768)
        parts.push(String.fromCharCode(...pixels.subarray(at, at + 32768)));
    return [image.width, image.height, btoa(parts.join(""))];
}"""


def shrink(browser: Browser, png: bytes) -> bytes:
    """The same picture in the 256 colours that most of it has, each other one as the nearest of these."""
    page = browser.new_page()
    try:
        width, height, encoded = page.evaluate(_READ, base64.b64encode(png).decode())
    finally:
        page.close()
    pixels = np.frombuffer(base64.b64decode(encoded), dtype=np.uint8).reshape(height * width, 4)[:, :3]
    palette, indices = _reduce(pixels)
    return _written(palette, indices.reshape(height, width))


def _reduce(pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """A palette, [256 at most, 3], and the place in it of each of the pixels, [N, 3] -> [N]."""
    packed = pixels.astype(np.uint32) @ np.array([65_536, 256, 1], dtype=np.uint32)
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    known = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    palette = known[np.argsort(-counts, kind="stable")[:_COLOURS]]
    distances = np.stack([((palette - colour) ** 2).sum(axis=1) for colour in known])
    return palette.astype(np.uint8), distances.argmin(axis=1).astype(np.uint8)[places]


def _written(palette: npt.NDArray[np.uint8], indices: npt.NDArray[np.uint8]) -> bytes:
    """https://www.w3.org/TR/png-3/: a header, the palette, the rows without a filter, the end."""
    height, width = indices.shape
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), indices], axis=1)
    return _SIGNATURE + b"".join(
        [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
