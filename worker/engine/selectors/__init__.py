"""Model selectors w_s, which say which site's personalized model fits an image."""
