"""What a forwarded datagram costs: this relay next to others, under the same load."""
