"""A model as one file for other programs: ONNX, or torch.export. Read command.py first."""
