#pragma once

/// Everything: heddle's public face.
#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/gradcheck.h"
#include "heddle/graph.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "heddle/ops.h"
#include "heddle/recommender.h"
#include "heddle/sparse.h"
#include "heddle/tape.h"
#include "heddle/tensor.h"
#include "heddle/train.h"
#include "heddle/version.h"
