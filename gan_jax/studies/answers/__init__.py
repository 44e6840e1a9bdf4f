"""What the rows of a study say: statistics, facts with their p-values, tables, plots and a page."""
