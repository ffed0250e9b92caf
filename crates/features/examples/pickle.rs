//! A file of weights as `torch.save` wrote it before PyTorch 1.6, byte by byte, and what is read from it.
//!
//! `cargo run -p features --release --example pickle`

use features::StateDict;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut file = Vec::new();
    file.extend(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."); // magic number
    file.extend(b"\x80\x02M\xe9\x03."); // version 1001
    file.extend(b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."); // of the writer's machine
    file.extend(b"\x80\x02ccollections\nOrderedDict\n)RX\x01\x00\x00\x00w");
    file.extend(b"ctorch._utils\n_rebuild_tensor_v2\n(");
    file.extend(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000");
    file.extend(b"X\x03\x00\x00\x00cpuK\x06NtQ"); // a storage of six numbers
    file.extend(b"K\x00K\x03K\x02\x86K\x01K\x03\x86\x89Nt"); // shape (3, 2), strides (1, 3)
    file.extend(b"Rs.");
    file.extend(b"\x80\x02]X\x01\x00\x00\x000a."); // the storages that follow
    file.extend(6u64.to_le_bytes());
    for i in 0..6u8 {
        file.extend(f32::from(i).to_le_bytes());
    }
    let weights = StateDict::parse(file)?;
    for name in weights.names() {
        let tensor = weights.tensor(name)?;
        #[allow(clippy::print_stdout)]
        {
            println!("{name} {:?}\n{tensor:.0}", tensor.size());
        }
    }
    Ok(())
}
