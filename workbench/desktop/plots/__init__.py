"""How each view is drawn live with pyqtgraph; what a view shows is computed in `workbench.views`."""
