"""Amazon SWF deciders as plain Python functions."""
