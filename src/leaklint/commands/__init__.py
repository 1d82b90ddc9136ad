"""What the commands do, whoever asks: a Scope in, text and an exit status out. They know nothing of options.

They are apart from the command line because click costs more than the linting of a small file.
"""
