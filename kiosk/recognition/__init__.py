"""Who is it: the gallery, thresholds from false-match rates, the decision over a visit."""
