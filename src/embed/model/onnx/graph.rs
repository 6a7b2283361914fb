//! The network of multilingual-e5-small (a 12-layer BERT encoder with XLM-R's vocabulary) as an ONNX graph.
//!
//! Where ONNX Runtime has one operator for a whole step (attention, adding and normalising, 4-bit look-up), that
//! operator of its domain `com.microsoft` is used; they are described in its `docs/ContribOperators.md`.
//!
//! May use: `messages`, `weights`. The one rule: nodes stand in the order in which they run.

use super::ConvertError;
use super::messages::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type,
    data_type,
};
use super::weights::{BLOCK, Shape, Weights};

/// Of `com.microsoft`; every other operator is ONNX's own.
const MICROSOFT: &str = "com.microsoft";

/// The whole model.
pub fn build(weights: &Weights<'_>) -> Result<ModelProto, ConvertError> {
    let mut graph = Builder {
        graph: GraphProto {
            name: "e5small".to_owned(),
            ..GraphProto::default()
        },
    };
    let mut state = embeddings(&mut graph, weights)?;
    for layer in 0..weights.shape.layers {
        let last = layer + 1 == weights.shape.layers;
        let output = if last {
            "last_hidden_state".to_owned()
        } else {
            format!("x{}", layer + 1)
        };
        encoder_layer(&mut graph, weights, layer, &state, &output)?;
        state = output;
    }
    let mut graph = graph.graph;
    for name in ["input_ids", "attention_mask"] {
        graph.input.push(value(
            name,
            data_type::INT64,
            &[named("batch"), named("seq")],
        ));
    }
    let output = [named("batch"), named("seq"), fixed(weights.shape.hidden)];
    graph
        .output
        .push(value("last_hidden_state", data_type::FLOAT, &output));
    Ok(ModelProto {
        ir_version: 8,
        producer_name: "sextant".to_owned(),
        graph: Some(graph),
        opset_import: vec![operators("", 17), operators(MICROSOFT, 1)],
    })
}

/// Word and position embeddings, added and normalised. Returns the name of the result.
fn embeddings(graph: &mut Builder, weights: &Weights<'_>) -> Result<String, ConvertError> {
    let Shape {
        hidden,
        vocabulary,
        positions,
        token_types,
        epsilon,
        ..
    } = weights.shape;
    let words = weights.quantised("emb.word", vocabulary * hidden)?;
    graph.constant(
        "word_q",
        data_type::UINT8,
        &[vocabulary, hidden / 2],
        words.packed,
    );
    graph.floats("word_s", &[vocabulary, hidden / BLOCK], &words.scales);
    let look_up = [
        ("gather_axis", Attribute::Integer(0)),
        ("quantize_axis", Attribute::Integer(1)),
        ("block_size", Attribute::Integer(BLOCK as i64)),
        ("bits", Attribute::Integer(4)),
    ];
    graph.microsoft(
        "GatherBlockQuantized",
        &["word_q", "input_ids", "word_s"],
        "words",
        &look_up,
    );

    // Every token is of type 0, so its vector is added to the positions once, here.
    let types = weights.floats("emb.type", token_types * hidden)?;
    let mut table = weights.floats("emb.pos", positions * hidden)?;
    for row in table.chunks_exact_mut(hidden) {
        row.iter_mut()
            .zip(&types)
            .for_each(|(position, r#type)| *position += r#type);
    }
    graph.floats("positions", &[positions, hidden], &table);
    graph.constant("zero", data_type::INT64, &[1], 0i64.to_le_bytes().to_vec());
    let second = [
        ("start", Attribute::Integer(1)),
        ("end", Attribute::Integer(2)),
    ];
    graph.standard("Shape", &["input_ids"], "length", &second);
    graph.standard(
        "Slice",
        &["positions", "zero", "length", "zero"],
        "places",
        &[],
    );
    graph.standard("Add", &["words", "places"], "embedded", &[]);

    graph.floats("emb_ln_w", &[hidden], &weights.floats("emb.ln.w", hidden)?);
    graph.floats("emb_ln_b", &[hidden], &weights.floats("emb.ln.b", hidden)?);
    let normalise = [
        ("axis", Attribute::Integer(-1)),
        ("epsilon", Attribute::Float(epsilon)),
    ];
    graph.standard(
        "LayerNormalization",
        &["embedded", "emb_ln_w", "emb_ln_b"],
        "x0",
        &normalise,
    );
    let to_int32 = [("to", Attribute::Integer(i64::from(data_type::INT32)))];
    graph.standard("Cast", &["attention_mask"], "mask", &to_int32);
    Ok("x0".to_owned())
}

/// Attention over `input`, then the feed-forward part; each is added to what it was given and normalised.
fn encoder_layer(
    graph: &mut Builder,
    weights: &Weights<'_>,
    layer: usize,
    input: &str,
    output: &str,
) -> Result<(), ConvertError> {
    let Shape {
        hidden,
        feed_forward,
        heads,
        epsilon,
        ..
    } = weights.shape;
    let name = |part: &str| format!("l{layer}_{part}");
    let stored = |part: &str| format!("l{layer}.{part}");
    let linear = |graph: &mut Builder, part: &str, from: &str, inputs, outputs| {
        linear(
            graph,
            weights,
            &stored(part),
            &name(part),
            from,
            inputs,
            outputs,
        )
    };

    let query = linear(graph, "q", input, hidden, hidden)?;
    let key = linear(graph, "k", input, hidden, hidden)?;
    let value = linear(graph, "v", input, hidden, hidden)?;
    let context = name("context");
    let number = [("num_heads", Attribute::Integer(heads as i64))];
    graph.microsoft(
        "MultiHeadAttention",
        &[&query, &key, &value, "", "mask"],
        &context,
        &number,
    );
    let attended = linear(graph, "ao", &context, hidden, hidden)?;

    for part in ["aln.w", "aln.b", "oln.w", "oln.b"] {
        graph.floats(
            &name(part),
            &[hidden],
            &weights.floats(&stored(part), hidden)?,
        );
    }
    let normalise = [("epsilon", Attribute::Float(epsilon))];
    let middle = name("middle");
    let inputs = [attended.as_str(), input, &name("aln.w"), &name("aln.b")];
    graph.microsoft("SkipLayerNormalization", &inputs, &middle, &normalise);

    let wide = linear(graph, "fi", &middle, hidden, feed_forward)?;
    let active = name("gelu");
    graph.microsoft("Gelu", &[&wide], &active, &[]);
    let narrow = linear(graph, "fo", &active, feed_forward, hidden)?;
    let inputs = [narrow.as_str(), &middle, &name("oln.w"), &name("oln.b")];
    graph.microsoft("SkipLayerNormalization", &inputs, output, &normalise);
    Ok(())
}

/// `from` times the matrix `stored` plus its bias. The file keeps one row an output, `MatMul` wants one column.
fn linear(
    graph: &mut Builder,
    weights: &Weights<'_>,
    stored: &str,
    name: &str,
    from: &str,
    inputs: usize,
    outputs: usize,
) -> Result<String, ConvertError> {
    let rows = weights.quantised(&format!("{stored}.w"), inputs * outputs)?;
    let mut columns = vec![0f32; inputs * outputs];
    for output in 0..outputs {
        for input in 0..inputs {
            columns[input * outputs + output] = rows.value(output * inputs + input);
        }
    }
    let (matrix, bias, product) = (
        format!("{name}_w"),
        format!("{name}_b"),
        format!("{name}_product"),
    );
    graph.floats(&matrix, &[inputs, outputs], &columns);
    graph.floats(
        &bias,
        &[outputs],
        &weights.floats(&format!("{stored}.b"), outputs)?,
    );
    graph.standard("MatMul", &[from, &matrix], &product, &[]);
    graph.standard("Add", &[&product, &bias], name, &[]);
    Ok(name.to_owned())
}

enum Attribute {
    Integer(i64),
    Float(f32),
}

/// Adds nodes and constants to a graph.
struct Builder {
    graph: GraphProto,
}

impl Builder {
    fn standard(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) {
        self.node(operator, "", inputs, output, attributes);
    }

    fn microsoft(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) {
        self.node(operator, MICROSOFT, inputs, output, attributes);
    }

    fn node(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("{output}_node"),
            op_type: operator.to_owned(),
            attribute: attributes
                .iter()
                .map(|(name, value)| attribute(name, value))
                .collect(),
            domain: domain.to_owned(),
        });
    }

    fn floats(&mut self, name: &str, dimensions: &[usize], values: &[f32]) {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(name, data_type::FLOAT, dimensions, bytes);
    }

    fn constant(&mut self, name: &str, data_type: i32, dimensions: &[usize], raw_data: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            dims: dimensions.iter().map(|&size| size as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data,
        });
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let (f, i, r#type) = match *value {
        Attribute::Float(value) => (Some(value), None, attribute_type::FLOAT),
        Attribute::Integer(value) => (None, Some(value), attribute_type::INT),
    };
    AttributeProto {
        name: name.to_owned(),
        f,
        i,
        r#type,
    }
}

fn value(name: &str, elem_type: i32, dimensions: &[DimensionProto]) -> ValueInfoProto {
    let shape = TensorShapeProto {
        dim: dimensions.to_vec(),
    };
    let tensor = TensorTypeProto {
        elem_type,
        shape: Some(shape),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
        }),
    }
}

fn named(name: &str) -> DimensionProto {
    DimensionProto {
        dim_value: None,
        dim_param: Some(name.to_owned()),
    }
}

fn fixed(size: usize) -> DimensionProto {
    DimensionProto {
        dim_value: Some(size as i64),
        dim_param: None,
    }
}

fn operators(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto {
        domain: Some(domain.to_owned()),
        version,
    }
}
