"""`python -m backend`: the backend, in the foreground."""

import gc


def main() -> None:
    """Raises SystemExit with the reason where the backend cannot start."""
    # What is imported stays. A collector that looks for garbage in it again and again takes a fifth of the start.
    gc.disable()
    from backend.start import serve

    gc.freeze()
    gc.enable()
    serve()


if __name__ == "__main__":
    main()
