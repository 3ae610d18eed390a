"""Model selectors w_s: which site's personalized model fits an image."""
