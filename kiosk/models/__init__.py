"""Networks: what they are (cards, packs) and what runs them, behind one seam of raw pixels."""
