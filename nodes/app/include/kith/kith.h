// SPDX-License-Identifier: Apache-2.0
// All of kith that a program needs.
#ifndef KITH_KITH_H
#define KITH_KITH_H

#include <kith/app.h>
#include <kith/codec.h>
#include <kith/endpoint.h>
#include <kith/error.h>
#include <kith/exchange.h>
#include <kith/limits.h>
#include <kith/message.h>
#include <kith/method.h>
#include <kith/monitor.h>
#include <kith/naming.h>
#include <kith/node.h>
#include <kith/process.h>
#include <kith/ref.h>
#include <kith/rights.h>
#include <kith/serve.h>
#include <kith/setting.h>
#include <kith/timer.h>

#endif
