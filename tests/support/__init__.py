"""What tests share: clocks, links, loaders, and programs that tests need."""
