"""What synthesised music is made with: voices, and the artists who play and record it."""
