# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806, PLR0917, PLR1714, SIM109  Triton's language, not ours
"""The two kernels of a level's gradient loss, in Triton; the only home of triton.

Names in capitals are known when a kernel is compiled. `form` in `ablate.losses.fused` says what
the numbers mean. A program works on BLOCK pixels in a row of memory.
"""

import triton
import triton.language as tl

ZEROS, REPLICATE, REFLECT, VALID = (tl.constexpr(number) for number in range(4))
AXIS_WISE, MAGNITUDE, SUM = (tl.constexpr(number) for number in range(3))
BLOCK = 512


@triton.jit
def _weighted(first, middle, last, EDGE: tl.constexpr, CENTRE: tl.constexpr):
    return EDGE * (first + last) + CENTRE * middle


@triton.jit
def _tap(plane, y, x, height, width, inside, PADDING: tl.constexpr):
    """Return the framed image at a row from -1 to height and a column from -1 to width."""
    known = inside
    if PADDING == ZEROS:
        known = known & (y >= 0) & (y < height) & (x >= 0) & (x < width)
    if PADDING == REPLICATE:
        y = tl.minimum(tl.maximum(y, 0), height - 1)
        x = tl.minimum(tl.maximum(x, 0), width - 1)
    if PADDING == REFLECT:
        y = tl.where(y < 0, -y, tl.where(y >= height, 2 * height - 2 - y, y))
        x = tl.where(x < 0, -x, tl.where(x >= width, 2 * width - 2 - x, x))
    return tl.load(plane + y * width + x, mask=known, other=0.0)


@triton.jit
def _gradient(
    image,
    start,
    y,
    x,
    height,
    width,
    inside,
    PADDING: tl.constexpr,
    EDGE: tl.constexpr,
    CENTRE: tl.constexpr,
):
    """Return d/dx and d/dy at a pixel."""
    plane = image + start
    a = _tap(plane, y - 1, x - 1, height, width, inside, PADDING)
    b = _tap(plane, y - 1, x, height, width, inside, PADDING)
    c = _tap(plane, y - 1, x + 1, height, width, inside, PADDING)
    d = _tap(plane, y, x - 1, height, width, inside, PADDING)
    e = _tap(plane, y, x + 1, height, width, inside, PADDING)
    f = _tap(plane, y + 1, x - 1, height, width, inside, PADDING)
    g = _tap(plane, y + 1, x, height, width, inside, PADDING)
    h = _tap(plane, y + 1, x + 1, height, width, inside, PADDING)
    across = _weighted(c, e, h, EDGE, CENTRE) - _weighted(a, d, f, EDGE, CENTRE)
    down = _weighted(f, g, h, EDGE, CENTRE) - _weighted(a, b, c, EDGE, CENTRE)
    return across, down


@triton.jit
def _sign(number):
    return tl.where(number > 0, 1.0, tl.where(number < 0, -1.0, 0.0))


@triton.jit
def _larger(one, other, TOLERANCE: tl.constexpr):
    """Return the number of larger absolute value; of those within the tolerance the other."""
    return tl.where(tl.abs(one) > tl.abs(other) + TOLERANCE, one, other)


@triton.jit
def forward(
    infrared,
    visible,
    fused,
    sums,
    slopes,
    pixels,
    height,
    width,
    scale,
    PADDING: tl.constexpr,
    COMPONENTS: tl.constexpr,
    SIGN_FREE: tl.constexpr,
    JOINT: tl.constexpr,
    UP: tl.constexpr,
    TOLERANCE: tl.constexpr,
    EDGE: tl.constexpr,
    CENTRE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write what the pixels of a block cost, times scale, and how the cost changes with d/dx, d/dy.

    `pixels` are those that have a response, of all images; `slopes` are (2, pixels) of -1, 0 or 1.
    """
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < pixels
    MARGIN: tl.constexpr = 1 if PADDING == VALID else 0
    rows, columns = height - 2 * MARGIN, width - 2 * MARGIN
    start = index // (rows * columns) * height * width
    y = index // columns % rows + MARGIN
    x = index % columns + MARGIN
    ix, iy = _gradient(infrared, start, y, x, height, width, inside, PADDING, EDGE, CENTRE)
    vx, vy = _gradient(visible, start, y, x, height, width, inside, PADDING, EDGE, CENTRE)
    fx, fy = _gradient(fused, start, y, x, height, width, inside, PADDING, EDGE, CENTRE)
    if COMPONENTS == AXIS_WISE:
        if JOINT:
            is_infrared = ix * ix + iy * iy > vx * vx + vy * vy
            target_x, target_y = tl.where(is_infrared, ix, vx), tl.where(is_infrared, iy, vy)
        else:
            target_x, target_y = _larger(ix, vx, TOLERANCE), _larger(iy, vy, TOLERANCE)
        if SIGN_FREE:
            over_x = tl.abs(fx) - tl.abs(target_x)
            over_y = tl.abs(fy) - tl.abs(target_y)
            slope_x, slope_y = _sign(over_x) * _sign(fx), _sign(over_y) * _sign(fy)
        else:
            over_x, over_y = fx - target_x, fy - target_y
            slope_x, slope_y = _sign(over_x), _sign(over_y)
        cost = tl.abs(over_x) + tl.abs(over_y)
    elif COMPONENTS == MAGNITUDE:
        target = _larger(tl.abs(ix) + tl.abs(iy), tl.abs(vx) + tl.abs(vy), TOLERANCE)
        over = tl.abs(fx) + tl.abs(fy) - target
        slope_x, slope_y = _sign(over) * _sign(fx), _sign(over) * _sign(fy)
        cost = tl.abs(over)
    else:
        UPWARDS: tl.constexpr = -1.0 if UP else 1.0
        target = _larger(ix + UPWARDS * iy, vx + UPWARDS * vy, TOLERANCE)
        over = fx + UPWARDS * fy - target
        slope_x, slope_y = _sign(over), UPWARDS * _sign(over)
        cost = tl.abs(over)
    tl.store(sums + tl.program_id(0), tl.sum(tl.where(inside, cost, 0.0), axis=0) * scale)
    tl.store(slopes + index, slope_x.to(tl.int8), mask=inside)
    tl.store(slopes + pixels + index, slope_y.to(tl.int8), mask=inside)


@triton.jit
def backward(
    slopes,
    upstream,
    grad,
    pixels,
    all_pixels,
    height,
    width,
    scale,
    PADDING: tl.constexpr,
    EDGE: tl.constexpr,
    CENTRE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write d(value)/d(fused): what each pixel of the frame it lies in gives to its neighbours.

    A pixel that is repeated in the frame collects what its copies there would get.
    """
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < all_pixels
    MARGIN: tl.constexpr = 1 if PADDING == VALID else 0
    REPEATS: tl.constexpr = 3 if PADDING == REPLICATE or PADDING == REFLECT else 1
    SHIFT: tl.constexpr = 1 if PADDING == REFLECT else 0  # of a copy's original from the edge
    rows, columns = height - 2 * MARGIN, width - 2 * MARGIN
    start = index // (height * width) * rows * columns
    y, x = index // width % height, index % width
    found = tl.zeros((BLOCK,), tl.float32)
    for of_row in tl.static_range(REPEATS):
        for of_column in tl.static_range(REPEATS):
            row, column, is_there = y, x, inside
            if of_row == 1:
                row, is_there = y * 0 - 1, is_there & (y == SHIFT)
            if of_row == 2:
                row, is_there = y * 0 + height, is_there & (y == height - 1 - SHIFT)
            if of_column == 1:
                column, is_there = x * 0 - 1, is_there & (x == SHIFT)
            if of_column == 2:
                column, is_there = x * 0 + width, is_there & (x == width - 1 - SHIFT)
            for down in tl.static_range(3):
                for right in tl.static_range(3):
                    at_row, at_column = row + 1 - down - MARGIN, column + 1 - right - MARGIN
                    known = is_there & (at_row >= 0) & (at_row < rows)
                    known = known & (at_column >= 0) & (at_column < columns)
                    at = slopes + start + at_row * columns + at_column
                    if right != 1:
                        by = (right - 1) * (CENTRE if down == 1 else EDGE)
                        found += by * tl.load(at, mask=known, other=0).to(tl.float32)
                    if down != 1:
                        by = (down - 1) * (CENTRE if right == 1 else EDGE)
                        found += by * tl.load(at + pixels, mask=known, other=0).to(tl.float32)
    tl.store(grad + index, found * (tl.load(upstream) * scale), mask=inside)
