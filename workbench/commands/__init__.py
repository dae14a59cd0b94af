"""Commands of the command line that say more than a few words; `workbench.cli` lists them all."""
