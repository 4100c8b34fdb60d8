"""A PyTorch training step to record: `timeline record examples/record_torch.py`.

Batches come from pinned memory on a stream of their own while the last one is trained on.
"""

import nvtx
import torch

STEPS = 6


def main() -> None:
    model = torch.nn.Sequential(
        torch.nn.Linear(4096, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, 1024)
    ).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    batches = [torch.randn(2048, 4096).pin_memory() for _ in range(STEPS)]
    copies = torch.cuda.Stream()
    for step, batch in enumerate(batches):
        with nvtx.annotate(f"step {step}"):
            with torch.cuda.stream(copies):
                inputs = batch.to("cuda", non_blocking=True)
            torch.cuda.current_stream().wait_stream(copies)
            with nvtx.annotate("forward"):
                loss = model(inputs).square().mean()
            with nvtx.annotate("backward"):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    torch.cuda.synchronize()
    print(f"loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
