#!/usr/bin/env bash
# Installs timm and torch, for a CPU, into a virtual environment that has requirements.txt:
#
#     test/interop/install-torch.sh VENV
#
# torch's wheel for Linux links 3 GB of CUDA's libraries, of which a CPU calls nothing. Three small
# ones are installed; empty ones stand in for the others, and functions are looked up when called.
set -euo pipefail
venv=$1

"$venv/bin/pip" install --quiet --no-deps torch==2.15.0 torchvision==0.29.2 timm==1.0.31 \
  nvidia-cuda-runtime==13.2.86 nvidia-cuda-cupti==13.2.86 nvidia-nvshmem-cu13==3.7.2 \
  sympy==1.14.0 mpmath==1.3.0 safetensors==0.8.0 \
  onnx==1.23.2 onnxscript==0.7.2 onnx-ir==1.1.0 ml_dtypes==0.6.0 protobuf==7.36.2 \
  onnxruntime==1.30.0 flatbuffers==25.12.19

packages=$(echo "$venv"/lib/python3*/site-packages)
echo "import os; os.environ['TORCH_USE_RTLD_GLOBAL'] = 'YES'" >"$packages/torch-of-a-cpu.pth"
for name in libcublas.so.13 libcublasLt.so.13 libcudnn.so.9 libcufft.so.12 libcufile.so.0 \
  libcusolver.so.12 libcusparse.so.12 libcusparseLt.so.0 libnccl.so.2 libnvrtc.so.13; do
  clang-19 -shared -nostdlib -fuse-ld=lld "-Wl,-soname,$name" -x c /dev/null -o "$packages/torch/lib/$name"
done

"$venv/bin/python" -c 'import timm, torch; print(f"torch {torch.__version__}, timm {timm.__version__}")'
