"""From a module's tree to facts about its resources: names, control-flow graphs, ownership, summaries."""
