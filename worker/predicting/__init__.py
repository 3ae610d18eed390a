"""A trained model on an image of one's own.

It is the one path of the platform's predictions, and of `fedsm predict` without a server. It knows no queue and no
network."""
