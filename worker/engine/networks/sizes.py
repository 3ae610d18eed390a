"""Which sides an image must have for a network, and how many times each is halved. Space is (H, W) or (D, H, W)."""

from worker.engine.networks.settings import NetworkSettings, SpatialDims, SwinUNETRSettings, num_halvings

#: Slices that remain at least: with fewer, a kernel of three would see nothing but the volume's border.
MIN_SLICES = 4


def strides(settings: NetworkSettings, spatial_dims: SpatialDims, depth: int | None) -> tuple[tuple[int, ...], ...]:
    """The strides of each halving, from the image to the deepest level, in array order.

    Each halves height and width. depth: the number of slices of the network's input; None for pictures, and for volumes
    with enough slices. The depth is halved while it is even and at least MIN_SLICES remain, by the deepest levels,
    because slices lie further apart than pixels and in-plane halvings bring both together first (nnU-Net's rule,
    Isensee et al. 2021, with the number of slices instead of the spacing). Swin UNETR halves all sides alike. Raises
    ValueError for a depth below 1.
    """
    halvings = num_halvings(settings)
    if spatial_dims == 2:
        return ((2, 2),) * halvings
    if depth is None or isinstance(settings, SwinUNETRSettings):
        return ((2, 2, 2),) * halvings
    num_flat = halvings - min(halvings, _depth_halvings(depth))
    return ((1, 2, 2),) * num_flat + ((2, 2, 2),) * (halvings - num_flat)


def size_multiple(settings: NetworkSettings, spatial_dims: SpatialDims, depth: int | None = None) -> tuple[int, ...]:
    """The numbers that each side of the input must be a multiple of, in the order of space: (H, W) or (D, H, W)."""
    products = [1] * spatial_dims
    for stride in strides(settings, spatial_dims, depth):
        products = [product * factor for product, factor in zip(products, stride, strict=True)]
    return tuple(products)


def minimum_size(settings: NetworkSettings, spatial_dims: SpatialDims, depth: int | None = None) -> tuple[int, ...]:
    """The smallest sides, in the order of space: two pixels remain of height and width at the deepest level, one slice
    of the depth.

    Norms need more than one value, so a network that leaves one pixel cannot be trained.
    """
    multiple = size_multiple(settings, spatial_dims, depth)
    return (*multiple[:-2], 2 * multiple[-2], 2 * multiple[-1])


def check_size(settings: NetworkSettings, size: tuple[int, ...], depth: int | None = None) -> None:
    """Raises ValueError naming the side that does not fit the network, and the nearest that does.

    size: (H, W) or (D, H, W).
    """
    spatial_dims: SpatialDims = 2 if len(size) == 2 else 3
    multiple = size_multiple(settings, spatial_dims, depth)
    smallest = minimum_size(settings, spatial_dims, depth)
    for name, side, factor, least in zip(
        ("depth", "height", "width")[-len(size) :], size, multiple, smallest, strict=True
    ):
        if side % factor or side < least:
            nearest = max(least, round(side / factor) * factor)
            raise ValueError(
                f"{name} {side} does not fit the network: it must be a multiple of {factor}, {least} or more: "
                f"choose {nearest}, or a network of fewer levels"
            )


def _depth_halvings(depth: int) -> int:
    if depth < 1:
        raise ValueError(f"depth {depth} must be the number of slices, 1 or more")
    halvings = 0
    while depth % 2 == 0 and depth // 2 >= MIN_SLICES:
        depth //= 2
        halvings += 1
    return halvings
