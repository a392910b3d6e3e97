// expandnet.h: everything of expandnet::expandnet.
#pragma once

#include <expandnet/base/atomic_file.h>
#include <expandnet/fold/cost.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/fold.h>
#include <expandnet/fold/initial_values.h>
#include <expandnet/fold/layer.h>
#include <expandnet/fold/narrow.h>
#include <expandnet/fold/options.h>
#include <expandnet/fold/plan.h>
#include <expandnet/fold/pull_back.h>
#include <expandnet/nn/chain.h>
#include <expandnet/nn/describe.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_conv_transpose.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/nn/expanded_linear.h>
#include <expandnet/nn/run.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/fuse_batch_norm.h>
#include <expandnet/passes/hand_over.h>
#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/summary.h>
#include <expandnet/passes/verify.h>
#include <expandnet/version.h>
