"""For designers of templates: sample values for every template, the check of all templates, the page that shows them all."""
