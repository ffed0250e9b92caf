// What tch does not carry, behind C functions. No exception crosses the border: each function that can
// fail returns null, or a message that `tx_free` frees.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

#include <cstdlib>
#include <cstring>
#include <exception>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

template <typename F>
char* guarded(F f) noexcept {
  try {
    f();
    return nullptr;
  } catch (const c10::Error& e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception& e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

at::DeviceType device_type(bool cuda) { return cuda ? at::kCUDA : at::kCPU; }

}  // namespace

extern "C" {

void tx_free(char* message) { free(message); }

char* tx_autocast_enter(bool cuda, bool bf16, bool* enabled_before, int8_t* dtype_before) {
  return guarded([&] {
    const auto device = device_type(cuda);
    *enabled_before = at::autocast::is_autocast_enabled(device);
    *dtype_before = static_cast<int8_t>(at::autocast::get_autocast_dtype(device));
    at::autocast::set_autocast_dtype(device, bf16 ? at::kBFloat16 : at::kHalf);
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::increment_nesting();
  });
}

char* tx_autocast_exit(bool cuda, bool enabled_before, int8_t dtype_before) {
  return guarded([&] {
    const auto device = device_type(cuda);
    if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(device, enabled_before);
    at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(dtype_before));
  });
}

char* tx_deterministic(bool* on) {
  return guarded([&] { *on = at::globalContext().deterministicAlgorithms(); });
}

// Only asked for: an operation without a deterministic algorithm warns. Memory is not filled, which
// the switch would otherwise do for every new tensor; none is read before it is written.
char* tx_set_deterministic(bool on) {
  return guarded([&] {
    if (on) {
      setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    }
    at::globalContext().setDeterministicFillUninitializedMemory(!on);
    at::globalContext().setDeterministicAlgorithms(on, true);
  });
}

// Whether this C library could be told to keep what is freed for the next tensor.
bool tx_keep_freed_memory() {
#ifdef __GLIBC__
  return mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1 && mallopt(M_TRIM_THRESHOLD, 512 << 20) == 1;
#else
  return false;
#endif
}

// One Adam step over flat tensors in place; `step` is a scalar tensor that counts from 1.
char* tx_fused_adam(at::Tensor* theta, at::Tensor* gradient, at::Tensor* m, at::Tensor* v,
                    at::Tensor* step, double learning_rate, double beta_1, double beta_2,
                    double weight_decay, double eps, bool decoupled) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    if (decoupled) {
      at::_fused_adamw_({*theta}, {*gradient}, {*m}, {*v}, {}, {*step}, learning_rate, beta_1,
                        beta_2, weight_decay, eps, false, false);
    } else {
      at::_fused_adam_({*theta}, {*gradient}, {*m}, {*v}, {}, {*step}, learning_rate, beta_1,
                       beta_2, weight_decay, eps, false, false);
    }
  });
}
}
