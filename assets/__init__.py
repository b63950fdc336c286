"""Files the program shows: fonts with their licences, and icons drawn for it."""
