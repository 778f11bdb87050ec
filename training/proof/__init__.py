"""The proof: a fitted estimator as a graph, and the certificate that both agree."""
