"""T2-weighted signal of a pelvis, sharp and evenly lit: fat, muscle, bone, bladder, rectum, prostate.

Structures are painted from the outside in, each over what is there; edges are about a millimetre wide. Signals are 0
(air, cortical bone) to 1 (urine). Textures are fixed in mm, so the same pelvis looks alike at every voxel size.
"""

import numpy as np
from scipy.ndimage import map_coordinates

from fedsm.synthetic_prostate.anatomy import (
    Array,
    Nodule,
    Pelvis,
    Points,
    displaced,
    prostate_level,
    transition_level,
)

AIR, CORTEX, FAT, MUSCLE, MARROW = 0.01, 0.05, 0.68, 0.17, 0.5
PERIPHERAL, TRANSITION, STROMA, CAPSULE = 0.82, 0.4, 0.14, 0.16
URINE, BLADDER_WALL, RECTAL_WALL, GAS, VEIN, VESICLE = 0.97, 0.24, 0.36, 0.02, 0.8, 0.88
#: Cells of a texture's lattice along each axis, after which it repeats.
LATTICE = 24


def render_pelvis(generator: np.random.Generator, pelvis: Pelvis, points: Points) -> Array:
    """[D, H, W] in 0 to about 1. points: of the scanned body, deformation included."""
    seen = displaced(points, pelvis.waves)
    fine, coarse = _texture(generator, seen, 2.2), _texture(generator, seen, 7.0)
    signal = _body(pelvis, seen, fine, coarse)
    _paint_muscles(signal, pelvis, seen, fine)
    _paint_bones(signal, pelvis, seen, coarse)
    # What lies around the gland needs no more of a wide field of view than this.
    rows, columns = _within(points.y.ravel(), -52, 56), _within(points.x.ravel(), -50, 50)
    signal_, fine, coarse = (volume[:, rows, columns] for volume in (signal, fine, coarse))
    near = Points(x=seen.x[:, rows, columns], y=seen.y[:, rows, columns], z=seen.z[:, rows, columns])
    gland = prostate_level(pelvis.prostate, near)
    _paint_rectum(signal_, pelvis, near, coarse)
    _paint_bladder(signal_, pelvis, near, coarse)
    _paint_vesicles(signal_, pelvis, near, fine)
    _paint_veins(signal_, pelvis, near, fine, gland)
    _paint_prostate(signal_, pelvis, near, fine, coarse, gland)
    return signal


def _within(axis: Array, lowest: float, highest: float) -> slice:
    first, last = np.searchsorted(axis, (lowest, highest))
    return slice(int(first), int(last))


def _body(pelvis: Pelvis, at: Points, fine: Array, coarse: Array) -> Array:
    """Fat with thin septa within the skin."""
    across, depth = pelvis.body
    skin = np.sqrt((at.x / across) ** 2 + ((at.y - 8) / depth) ** 2)
    septa = np.exp(-((coarse / 0.12) ** 2))
    fat = FAT * (1 + 0.05 * coarse + 0.05 * fine - 0.16 * septa)
    return np.asarray(np.where(skin < 1, fat, AIR), dtype=np.float32)


def _paint_muscles(signal: Array, pelvis: Pelvis, at: Points, fine: Array) -> None:
    """Obturator internus along the pelvic wall, levator ani around gland and rectum, gluteus at the back."""
    muscle = MUSCLE * (1 + 0.16 * fine)
    side = np.abs(at.x) / pelvis.pelvic_width
    wall = side - (51 + 0.09 * at.z - 0.0035 * (at.y - 2) ** 2)
    obturator = (np.sqrt((wall / 8.5) ** 2 + ((at.y - 2) / 38) ** 2) - 1) * 8.5
    _paint(signal, muscle, obturator, 1.4)
    gluteus = 62 + 0.25 * side - at.y + 32 * np.exp(-((at.x / 9) ** 2))
    _paint(signal, muscle, gluteus, 1.6)
    # A sling, open in front, that narrows downwards.
    width = (pelvis.prostate.half_width + 6.0) * np.clip(1 + 0.011 * at.z, 0.72, 1.25) * (1 - 0.008 * (at.y - 5))
    sling = np.sqrt((at.x / width) ** 2 + (np.clip(at.y - 5, 0, None) / 38) ** 2)
    levator = np.maximum(np.abs(sling - 1) * width - 1.6, -18 - at.y + 0.4 * at.z)
    _paint(signal, muscle, np.maximum(levator, at.z - 12), 1.0)


def _paint_bones(signal: Array, pelvis: Pelvis, at: Points, coarse: Array) -> None:
    """Pubic bones with the symphysis in front, acetabulum and femoral heads at the sides."""
    marrow = MARROW * (1 + 0.12 * coarse)
    front = -(pelvis.prostate.half_depth + 12)
    side, height = np.abs(at.x), at.z - pelvis.bone_height
    pubis = _box(side - 14, at.y - (front - 9 + 0.32 * (side - 14)), height + 9, (13.2, 8.5, 17.0))
    _paint(signal, np.float32(CORTEX), pubis - 1.4, 0.9)
    _paint(signal, marrow, pubis, 0.9)
    hip = side / pelvis.pelvic_width - 82
    head = np.sqrt(hip**2 + (at.y + 4) ** 2 + (height - 12) ** 2)
    socket = np.maximum(head - 35, hip + 14 - 0.05 * np.abs(at.y))
    _paint(signal, np.float32(CORTEX), socket - 1.2, 0.9)
    _paint(signal, marrow, socket + 0.6, 0.9)
    _paint(signal, np.float32(0.62), head - 27, 0.8)  # cartilage and joint fluid
    _paint(signal, np.float32(CORTEX), head - 25.6, 0.8)
    _paint(signal, marrow * 1.15, head - 24, 0.8)


def _paint_rectum(signal: Array, pelvis: Pelvis, at: Points, coarse: Array) -> None:
    """It leaves the gland's back at the apex, where the anal canal turns backwards."""
    rectum, prostate = pelvis.rectum, pelvis.prostate
    narrow = 1 - 0.35 / (1 + np.exp((at.z + 0.9 * prostate.half_length) / 2.5))
    back = prostate.half_depth * 0.94 + rectum.gap + rectum.half_depth + np.clip(-at.z - 12, 0, None) * 0.5
    centre = back + prostate.tilt * np.clip(at.z, -15, 20)
    across = (at.x - rectum.x) / (rectum.half_width * narrow)
    depth = (at.y - centre) / (rectum.half_depth * narrow)
    radius = np.hypot(across, depth)
    level = (radius - 1) * min(rectum.half_width, rectum.half_depth)
    _paint(signal, RECTAL_WALL * (1 + 0.1 * coarse), level - 1.0, 1.0)
    _paint(signal, np.float32(0.52), level + 1.4, 0.8)  # mucosa
    stool = rectum.content * (1 + 0.35 * coarse)
    _paint(signal, stool, level + 2.6, 0.8)
    surface = (depth + 1 - 2 * rectum.gas) * rectum.half_depth  # gas lies in front: the patient is on the back
    _paint(signal, np.float32(GAS), np.maximum(level + 2.6, surface), 0.9)


def _paint_bladder(signal: Array, pelvis: Pelvis, at: Points, coarse: Array) -> None:
    prostate, radius = pelvis.prostate, pelvis.bladder_radius
    height = (at.z - prostate.half_length - 0.62 * radius) / (0.72 * radius)
    distance = np.sqrt((at.x / (1.25 * radius)) ** 2 + ((at.y + 10) / radius) ** 2 + height**2)
    level = (distance - 1) * 0.85 * radius
    _paint(signal, BLADDER_WALL * (1 + 0.15 * coarse), level - 2.6, 1.0)
    _paint(signal, URINE * (1 + 0.01 * coarse), level, 0.9)


def _paint_vesicles(signal: Array, pelvis: Pelvis, at: Points, fine: Array) -> None:
    """Seminal vesicles: bright convoluted tubes behind the bladder, like wings."""
    prostate = pelvis.prostate
    across = np.abs(at.x) - 15
    depth = at.y - prostate.half_depth * 0.62 - prostate.tilt * at.z + 0.16 * across
    height = at.z - prostate.half_length * 1.06 - 0.12 * across
    level = (np.sqrt((across / 14.5) ** 2 + (depth / 6.0) ** 2 + (height / 7.5) ** 2) - 1) * 6
    tubes = np.clip(VESICLE * (0.72 + 0.45 * np.abs(fine)), 0.25, 1)
    _paint(signal, np.float32(0.3), level - 0.6, 0.9)
    _paint(signal, tubes, level + 0.4, 0.9)


def _paint_veins(signal: Array, pelvis: Pelvis, at: Points, fine: Array, gland: Array) -> None:
    """The plexus in front of and next to the gland: bright dots in darker tissue."""
    distance = (gland - 1) * pelvis.prostate.half_depth
    in_front = at.y < 0.15 * pelvis.prostate.half_depth
    plexus = VEIN * np.clip(0.72 + 0.34 * fine, 0.28, 1.15)
    reach = np.where(in_front, distance - 4.6, distance - 2.0)
    _paint(signal, plexus, np.maximum(reach, np.abs(at.z) - pelvis.prostate.half_length), 1.2)


def _paint_prostate(signal: Array, pelvis: Pelvis, at: Points, fine: Array, coarse: Array, gland: Array) -> None:
    prostate = pelvis.prostate
    # The urethra leaves the apex downwards, with its dark sphincter around it.
    apex_y = prostate.tilt * at.z - 1
    canal = np.hypot(at.x, at.y - apex_y)
    below = at.z + 0.6 * prostate.half_length
    _paint(signal, np.float32(0.2), np.maximum(canal - 6.5, below), 1.0)
    _paint(signal, np.float32(0.6), np.maximum(canal - 2.6, below), 1.0)
    outer = (gland - 1) * prostate.half_depth
    inner = (transition_level(prostate, at) - 1) * prostate.half_depth * prostate.transition
    _paint(signal, np.float32(CAPSULE), outer - 0.7, 0.8)
    septa = np.exp(-((fine / 0.22) ** 2))
    _paint(signal, PERIPHERAL * (1 + 0.06 * coarse - 0.13 * septa), outer + 0.5, 0.8)
    lesions = [nodule for nodule in pelvis.nodules if not nodule.has_rim and nodule.y > 0.5 * prostate.half_depth]
    for lesion in lesions:
        _paint_nodule(signal, lesion, at, fine, outer + 0.8)
    within = np.maximum(inner, outer + 0.5)
    _paint(signal, np.float32(0.22), within - 0.7, 0.7)  # the surgical capsule
    mixed = TRANSITION * (1 + 0.28 * coarse + 0.12 * fine)
    _paint(signal, np.clip(mixed, 0.15, 0.9), within + 0.5, 0.8)
    for nodule in pelvis.nodules:
        if nodule not in lesions:
            _paint_nodule(signal, nodule, at, fine, within + 0.4)
    front = at.y - prostate.tilt * at.z + 0.62 * prostate.half_depth + 0.02 * at.x**2
    _paint(signal, STROMA * (1 + 0.1 * fine), np.maximum(front, np.maximum(outer + 0.3, np.abs(at.x) - 13)), 1.4)
    _paint(signal, np.float32(0.66), np.maximum(np.hypot(at.x, at.y - apex_y) - 1.9, outer + 1), 1.2)


def _paint_nodule(signal: Array, nodule: Nodule, at: Points, fine: Array, within: Array) -> None:
    radius = np.sqrt((at.x - nodule.x) ** 2 + (at.y - nodule.y) ** 2 + (at.z - nodule.z) ** 2)
    distance = np.maximum(radius - nodule.radius, within)
    if nodule.has_rim:
        _paint(signal, np.float32(0.15), distance - 0.5, 0.7)
    _paint(signal, nodule.signal * (1 + 0.15 * fine), distance + 0.5, 0.9 if nodule.has_rim else 2.0)


def _paint(signal: Array, value: Array | np.float32, distance: Array, softness: float) -> None:
    """Over `signal`, in place, where the distance (mm) is below 0; the edge is `softness` mm wide."""
    opacity = np.clip(0.5 - distance / (2 * softness), 0, 1)
    signal += opacity * (value - signal)


def _box(x: Array, y: Array, z: Array, half: tuple[float, float, float]) -> Array:
    """Distance in mm to a rounded box."""
    powers = [np.abs(axis / size) ** 3 for axis, size in zip((x, y, z), half, strict=True)]
    box: Array = ((powers[0] + powers[1] + powers[2]) ** (1 / 3) - 1) * min(half)
    return box


def _texture(generator: np.random.Generator, at: Points, cell_mm: float) -> Array:
    """[D, H, W] of deviation about 1, smooth over a cell."""
    lattice = generator.normal(0, 1.5, (LATTICE,) * 3).astype(np.float32)
    cells = np.stack(np.broadcast_arrays(at.z, at.y, at.x)) / np.float32(cell_mm)
    texture: Array = map_coordinates(lattice, cells, order=1, mode="grid-wrap")
    return texture
