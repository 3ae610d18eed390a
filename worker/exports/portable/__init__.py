"""Code that goes out with an exported model: it needs numpy, Pillow, nibabel and the form's own package, and nothing of
FedSM Studio."""
