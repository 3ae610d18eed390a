"""What a hub and a site's agent share: keys, signatures, protocol versions. It knows neither database nor framework."""
