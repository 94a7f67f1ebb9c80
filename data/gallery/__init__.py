"""``raicl inspect --gallery``: every clip of a cache on one page. Read `page` first."""
