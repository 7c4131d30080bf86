"""What the services share of Django REST framework: strict input, problems, paging, documentation."""
