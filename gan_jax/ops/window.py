"""The geometry of a sliding window, and images as the columns that it sees."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax


class Window(NamedTuple):
    """How a kernel slides over an image; fields are (rows, columns) pairs of ints.

    Through tap `t`, output pixel `o` sees input pixel `stride * o + t - low`. A kernel that is
    `turned` lies in memory as that of the transposed convolution, with both spatial axes flipped
    and the channel axes exchanged.
    """

    image: tuple[int, ...]
    taps: tuple[int, ...]
    stride: tuple[int, ...]
    low: tuple[int, ...]
    out: tuple[int, ...]
    turned: bool = False

    @property
    def blocks(self):
        """Size, in strides, of the padded image that holds everything the taps see."""
        return tuple(
            o + (t - 1) // s for o, t, s in zip(self.out, self.taps, self.stride, strict=True)
        )

    @property
    def pads(self):
        """(low, high) zeros that make the image fill its blocks; negative where it is cropped."""
        return tuple(
            (low, b * s - low - n)
            for low, b, s, n in zip(self.low, self.blocks, self.stride, self.image, strict=True)
        )

    @property
    def zeros(self):
        """(low, high) zeros around the image that the taps see; negative where it is cropped."""
        lengths = zip(self.image, self.taps, self.stride, self.low, self.out, strict=True)
        return [(low, s * (o - 1) + t - low - n) for n, t, s, low, o in lengths]

    @property
    def adjoint(self):
        """At stride 1 the window through which the image sees the output, by the kernel turned."""
        low = tuple(t - 1 - n for t, n in zip(self.taps, self.low, strict=True))
        return self._replace(image=self.out, low=low, out=self.image)

    @property
    def shifts(self):
        """For each tap, row-major: ((row phase, row shift), (column phase, column shift))."""
        rows, columns = (
            [(t % s, t // s) for t in range(n)] for n, s in zip(self.taps, self.stride, strict=True)
        )
        return [(r, c) for r in rows for c in columns]


def turn(kernel):
    """[kh, kw, in, out] to the layout of a `turned` one, [kh, kw, out, in], and back."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def in_turns(x, most):
    """[B, ...] to [n, B / n, ...] of at most so many images at a time, as many as divide B."""
    size = max(d for d in range(1, min(most, len(x)) + 1) if len(x) % d == 0)
    return x.reshape(-1, size, *x.shape[1:])


def im2col(x, window):
    """What every tap sees: [B, H, W, C] to [B, out_h, out_w, kh * kw * C]."""
    return jnp.concatenate(seen_by_tap(x, window), axis=-1)


def col2im(columns, window):
    """The adjoint of `im2col`: [B, out_h, out_w, kh * kw * C] to [B, H, W, C]."""
    return image_of_taps(jnp.split(columns, len(window.shifts), axis=-1), window)


def seen_by_tap(x, window):
    """What each tap sees of [B, H, W, C], row-major: kh * kw of [B, out_h, out_w, C]."""
    (bh, bw), (sh, sw), (oh, ow) = window.blocks, window.stride, window.out
    x = _pad(x, window.pads).reshape(x.shape[0], bh, sh, bw, sw, x.shape[-1])
    return [x[:, i : i + oh, p, j : j + ow, q] for (p, i), (q, j) in window.shifts]


def image_of_taps(taps, window):
    """The adjoint of `seen_by_tap`: kh * kw of [B, out_h, out_w, C] to [B, H, W, C].

    A phase is a residue of the pixel modulo the stride. Each is summed apart, from only the
    taps that reach it.
    """
    (bh, bw), (sh, sw), (oh, ow) = window.blocks, window.stride, window.out
    phases = [[0] * sw for _ in range(sh)]
    for ((p, i), (q, j)), tap in zip(window.shifts, taps, strict=True):
        phases[p][q] += _pad(tap, ((i, bh - oh - i), (j, bw - ow - j)))
    nothing = jnp.zeros((len(taps[0]), bh, bw, taps[0].shape[-1]), taps[0].dtype)
    rows = [jnp.stack([phase + nothing for phase in row], axis=3) for row in phases]
    x = jnp.stack(rows, axis=2).reshape(len(taps[0]), bh * sh, bw * sw, -1)
    return _pad(x, [(-low, -high) for low, high in window.pads])


def _pad(x, pads):
    zero = jnp.zeros((), x.dtype)
    return lax.pad(x, zero, [(0, 0, 0), *((low, high, 0) for low, high in pads), (0, 0, 0)])
