// What tch does not carry, behind C functions. No exception crosses the border: each function that can
// fail returns null, or a message that `tx_free` frees.
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <torch/csrc/autograd/custom_function.h>

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

// The products of one layer's forward and backward pass, those of all layers in one call each; autograd's own backward
// of a batched product has the weights' gradient transposed, which libraries sum in another order.
struct StackedLinear : torch::autograd::Function<StackedLinear> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias) {
    context->save_for_backward({x, weight});
    if (weight.size(1) == 1) {  // a product with a vector, which has a kernel of its own
      return at::baddbmm(bias.unsqueeze(2), weight, x.transpose(1, 2)).transpose(1, 2);
    }
    return at::baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto& g = gradients[0];
    const auto of_x = context->needs_input_grad(0) ? g.bmm(saved[1]) : at::Tensor();
    return {of_x, g.transpose(1, 2).bmm(saved[0]), g.sum(1)};
  }
};

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

// `to` becomes the answer of `r` linear layers, each for its own rows.
char* tx_stacked_linear(at::Tensor* x, at::Tensor* weight, at::Tensor* bias, at::Tensor* to) {
  return guarded([&] { *to = StackedLinear::apply(*x, *weight, *bias); });
}

// One Adam step over flat tensors in place, or over each row of those of two dimensions; `step` is a scalar tensor that
// counts from 1.
char* tx_fused_adam(at::Tensor* theta, at::Tensor* gradient, at::Tensor* m, at::Tensor* v,
                    at::Tensor* step, double learning_rate, double beta_1, double beta_2,
                    double weight_decay, double eps, bool decoupled) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    const auto rows = [](const at::Tensor& x) {
      return x.dim() == 2 ? x.unbind(0) : std::vector<at::Tensor>{x};
    };
    const auto thetas = rows(*theta);
    const std::vector<at::Tensor> steps(thetas.size(), *step);
    if (decoupled) {
      at::_fused_adamw_(thetas, rows(*gradient), rows(*m), rows(*v), {}, steps, learning_rate,
                        beta_1, beta_2, weight_decay, eps, false, false);
    } else {
      at::_fused_adam_(thetas, rows(*gradient), rows(*m), rows(*v), {}, steps, learning_rate,
                       beta_1, beta_2, weight_decay, eps, false, false);
    }
  });
}
}
