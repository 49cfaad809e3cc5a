"""Every file of Asterisk's, made from the box's configuration: one pure file here for each kind of file there."""
