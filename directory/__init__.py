"""The service directory: organizations, services, locations, places, and the search for what is near and open."""
