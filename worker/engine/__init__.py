"""FedSM and the methods it is compared with, as a library on torch and MONAI. Knows no platform; see README.md."""
