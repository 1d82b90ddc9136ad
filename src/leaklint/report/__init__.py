"""What a run says: findings in, text out, one module for each format. Nothing here prints or reads a file."""
