"""Which values the API takes: the bounds of the fields of a body, and the parameters of a list.

Bodies are reported on as a whole, one problem for each field that is wrong; of parameters the
first that is wrong is enough, since their published error holds one message.
"""
