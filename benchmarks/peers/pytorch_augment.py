"""`gan_jax.objectives.augmentations` in PyTorch, each of a whole batch at once.

What is done to an image is drawn by `augment`; the functions below are told.
"""

import torch


def augment(images: torch.Tensor, names: tuple[str, ...], probability: float) -> torch.Tensor:
    """Each of the named augmentations, made to each image [n, c, h, w] with a probability."""
    count, device = len(images), images.device
    sides = list(images.shape[2:])

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, device=device)

    def integers(most: list[int]) -> tuple[torch.Tensor, ...]:
        return tuple(torch.randint(0, high, (count,), device=device) for high in most)

    for name in names:
        if name == "color":
            changed = color(images, *uniform(3, count))
        elif name == "translation":
            reach = [(side + 4) // 8 for side in sides]
            drawn = integers([2 * most + 1 for most in reach])
            changed = translation(images, *(d - most for d, most in zip(drawn, reach, strict=True)))
        else:
            holes = [(side + 1) // 2 for side in sides]
            places = [side + 1 - hole % 2 for side, hole in zip(sides, holes, strict=True)]
            changed = cutout(images, *integers(places))
        images = torch.where(column(uniform(count) < probability), changed, images)
    return images


def color(images, brightness, saturation, contrast):
    """[n, c, h, w] with a number [n] in [0, 1] for each of the three."""
    images = images + (column(brightness) - 0.5)
    gray = images.mean(1, keepdim=True)
    images = torch.lerp(gray, images, column(2 * saturation))
    mean = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, images, column(contrast + 0.5))


def translation(images, down, right):
    """[n, c, h, w] moved up and left by as many lines [n]; zeros come in."""
    moved = images
    for axis, shift in ((2, down), (3, right)):
        side = images.shape[axis]
        lines = torch.arange(side, device=images.device) + shift[:, None]  # [n, side]
        shape = [len(images), 1, 1, 1]
        shape[axis] = side
        places = lines.clamp(0, side - 1).view(shape)
        moved = moved.gather(axis, places.expand_as(moved))
        moved = moved * ((lines >= 0) & (lines < side)).view(shape)
    return moved


def cutout(images, row, column_):
    """[n, c, h, w] without a rectangle of half of each side, whose centre [n] is given."""
    kept = []
    for axis, centre in ((2, row), (3, column_)):
        side = images.shape[axis]
        hole = (side + 1) // 2
        place = torch.arange(side, device=images.device) - (centre - hole // 2)[:, None]
        kept.append((place < 0) | (place >= hole))  # [n, side]
    rows, columns = kept
    return images * (rows[:, None, :, None] | columns[:, None, None, :])


def column(numbers: torch.Tensor) -> torch.Tensor:
    """[n] to [n, 1, 1, 1]."""
    return numbers[:, None, None, None]
