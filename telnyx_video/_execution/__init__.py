"""How a call is carried out: sent, paced, retried, reconciled and reported."""
