"""The screens: Qt only. They show what the engine says and pass on what people touch."""
