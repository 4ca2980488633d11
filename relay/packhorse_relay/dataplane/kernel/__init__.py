"""The data plane inside the kernel of Linux, by eBPF."""
