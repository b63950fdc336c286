"""A face in a frame: detector, alignment, embedder, head pose, conditions, quality gate."""
