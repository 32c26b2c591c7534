"""The commands, one file each; errors become exit codes here."""
